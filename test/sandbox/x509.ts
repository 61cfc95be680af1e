// Imports the polyfill first, without which the library's dependency injection fails. Other modules must import the
// library from here.
import 'reflect-metadata';

export * from '@peculiar/x509';
