import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { privateHosts, publicHosts, regionOf, regions } from '../../src/registry/regions.ts';

const test = suite('regions of the registry');

test('has the names, old names and hosts of IBM’s documentation', () => {
  assert.equal(
    regions.map(({ region, alias = '', host }) => [region, alias, host].join(' ')),
    [
      'global  icr.io',
      'us-south  us.icr.io',
      'eu-gb uk-south uk.icr.io',
      'eu-de eu-central de.icr.io',
      'au-syd ap-south au.icr.io',
      'jp-tok ap-north jp.icr.io',
      'jp-osa  jp2.icr.io',
      'ca-tor  ca.icr.io',
      'ca-mon  ca2.icr.io',
      'br-sao  br.icr.io',
      'eu-es  es.icr.io',
      'in-che  in.icr.io',
      'in-mum  in2.icr.io',
    ],
  );
});

test('each public host has a private one', () => {
  assert.is(publicHosts[1], 'us.icr.io');
  assert.is(new Set(publicHosts).size, regions.length);
  assert.equal(
    privateHosts,
    publicHosts.map((host) => `private.${host}`),
  );
});

test('the region of a public or private host', () => {
  for (const [host, region] of [
    ['us.icr.io', 'us-south'],
    ['private.jp2.icr.io', 'jp-osa'],
    ['cp.icr.io', undefined],
    ['us.private.icr.io', undefined],
  ] as const) {
    assert.is(regionOf(host), region, host);
  }
});

test.run();
