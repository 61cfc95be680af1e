// The library's dependency injection refuses to load without the polyfill, which must come first:
// hence this one place to import it from.
import 'reflect-metadata';

export * from '@peculiar/x509';
