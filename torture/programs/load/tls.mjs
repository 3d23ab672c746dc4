/** How a client agrees with the servers of __test__/fixtures/keeper: by a key that both have. */

export const TLS = {
  ciphers: 'PSK',
  maxVersion: 'TLSv1.2',
  pskCallback: () => ({ psk: Buffer.alloc(32, 'k'), identity: 'load' }),
  checkServerIdentity: () => undefined,
}
