import { describe, expect, it } from 'vitest'
import { parseWireHead } from '../src/head.js'

const wire = (...lines: string[]): string => `${['HTTP/1.1 200 OK', ...lines, '', ''].join('\r\n')}`

describe('parseWireHead', () => {
  it.each([
    ['nothing', [], {}],
    ['one field, its name in lower case', ['X-Name: value'], { 'x-name': 'value' }],
    ['a value with colons', ['Location: http://afterword.test:80/'], { location: 'http://afterword.test:80/' }],
    ['an empty value', ['X-Empty: '], { 'x-empty': '' }],
    ['repeated fields, joined', ['Vary: a', 'vary: b', 'VARY: c'], { vary: 'a, b, c' }],
    ['one cookie, as a list', ['Set-Cookie: a=1'], { 'set-cookie': ['a=1'] }],
    ['cookies, as a list', ['Set-Cookie: a=1; Path=/', 'Set-Cookie: b=2'], { 'set-cookie': ['a=1; Path=/', 'b=2'] }],
    ['names of the prototype', ['__proto__: x', 'constructor: y'], JSON.parse('{ "__proto__": "x", "constructor": "y" }') as object],
  ])('reads %s', (_what, lines, expected) => {
    expect(Object.entries(parseWireHead(wire(...lines)))).toEqual(Object.entries(expected))
  })

  it('inherits nothing', () => {
    expect(Object.getPrototypeOf(parseWireHead(wire()))).toBeNull()
  })
})
