import t from 'tap'
import { addressGroup } from '#src/network/address-group'

t.test('an IPv4 address counts by itself, and an IPv6 address as its /64 network', (t) => {
  for (const [address, group] of [
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:db8:1:2::6', '2001:db8:1:2'],
    ['2001:db8:1::', '2001:db8:1:0'],
    ['2001:db8::1:2:3:4:5', '2001:db8:0:1'],
    ['::1', '0:0:0:0'],
    ['', '']
  ] as const) t.equal(addressGroup(address), group, address)
  t.end()
})
