import type { ServerResponse } from 'node:http'

type WriteHead = (statusCode: unknown, reason?: unknown, fields?: unknown) => void

/** One way to write a head, by name. */
export interface Form {
  readonly name: string
  /** Where it exists: a reason or a field of the connection in HTTP/1, a final status below 200 in HTTP/2. */
  readonly only?: 'http1' | 'http2'
  write(res: ServerResponse): void
}

/** A form that calls `writeHead`, on a response without fields and on one that has some. */
function called(name: string, args: readonly [unknown, unknown?, unknown?], only?: Form['only']): Form[] {
  const scope = only === undefined ? {} : { only }
  const write = (res: ServerResponse): void => {
    // A copy: HTTP/2 appends to the lists that it is given.
    ;(res.writeHead as WriteHead)(...structuredClone(args))
    res.end('body')
  }
  const writeLater = (res: ServerResponse): void => {
    res.setHeader('x-earlier', 'yes')
    res.setHeader('X-A', ['earlier', 'still earlier'])
    res.setHeader('set-cookie', ['earlier=1'])
    write(res)
  }
  return [
    { name, ...scope, write },
    { name: `${name}, after setHeader`, ...scope, write: writeLater },
  ]
}

/** Every form of `writeHead`, good and bad, and the implicit heads. */
export const forms: readonly Form[] = [
  ...called('a status', [201]),
  ...called('a status as text', ['201']),
  ...called('a fraction', [201.9]),
  ...called('a status beyond the registered ones', [599]),
  ...called('a status below 100', [99]),
  ...called('a status above 999', [1000]),
  ...called('the highest status that HTTP/1 takes', [999.5], 'http1'),
  ...called('no number', ['abc']),
  ...called('null for fields', [201, null]),
  ...called('undefined for fields', [201, undefined, undefined]),
  ...called('an object', [201, { 'X-A': '1', 'x-b': 2, 'content-type': 'text/plain' }]),
  ...called('an object with lists', [201, { 'X-A': ['1', '2'], 'Set-Cookie': ['a=1', 'b=2'], 'x-empty': [] }]),
  ...called('an object with names that differ in case', [201, { 'X-A': '1', 'x-a': '2' }]),
  ...called('an object with a length', [201, { 'Content-Length': 4 }]),
  ...called('a flat list', [201, ['X-A', '1', 'x-b', '2', 'content-type', 'text/plain']]),
  ...called('a flat list with repeated names', [201, ['X-A', '1', 'x-b', '2', 'x-a', '3', 'Set-Cookie', 'a=1', 'set-cookie', 'b=2']]),
  ...called('a flat list with lists', [201, ['X-A', ['1', '2'], 'set-cookie', ['a=1', 'b=2'], 'set-cookie', 'c=3']]),
  ...called('a flat list of odd length', [201, ['x-a', '1', 'x-b']]),
  ...called('no reason and an object', [201, undefined, { 'x-a': '1' }]),
  ...called('a status of information', [150], 'http2'),
  ...called('an empty list', [201, []]),
  ...called('a list of pairs', [201, [['X-A', '1'], ['x-b', '2']]]),
  ...called('a list of pairs with repeated names', [
    201,
    [['X-A', '1'], ['x-a', '2'], ['set-cookie', 'a=1'], ['Set-Cookie', ['b=2', 'c=3']]],
  ]),
  ...called('an odd number of pairs', [201, [['x-a', '1'], ['x-b', '2'], ['x-c', '3']]]),
  ...called('an undefined value', [201, { 'x-a': '1', 'x-b': undefined }]),
  ...called('an undefined value in a list', [201, ['x-a', '1', 'x-b', undefined]]),
  ...called('a value with a line break', [201, { 'content-length': 2, 'x-a': '1', 'x-b': 'a\r\nb' }], 'http1'),
  ...called('a list of values, one with a line break', [201, { 'x-a': ['1', 'a\r\nb'] }], 'http1'),
  ...called('a list of values, one undefined', [201, { 'x-a': ['1', undefined] }], 'http1'),
  ...called('a name with a space', [201, { 'content-length': 2, 'x-a': '1', 'x b': '2' }], 'http1'),
  ...called('a name with a space in a list', [201, ['x-a', '1', 'x b', '2']], 'http1'),
  ...called('a reason', [201, 'Made'], 'http1'),
  ...called('an empty reason', [201, ''], 'http1'),
  ...called('a reason and null', [201, 'Made', null], 'http1'),
  ...called('a reason and an object', [201, 'Made', { 'x-a': '1' }], 'http1'),
  ...called('a reason and a flat list', [201, 'Made', ['x-a', '1', 'x-a', '2']], 'http1'),
  ...called('a reason and pairs', [201, 'Made', [['x-a', '1']]], 'http1'),
  ...called('a reason with a line break', [201, 'Ma\r\nde', { 'x-a': '1' }], 'http1'),
  ...called('fields of the connection', [201, { connection: 'close', 'transfer-encoding': 'chunked' }], 'http1'),
  ...called('fields of the connection in a list', [201, ['Connection', 'close', 'Date', 'today']], 'http1'),
  {
    name: 'an implicit head',
    write(res) {
      res.statusCode = 202
      res.setHeader('x-a', '1')
      res.end('body')
    },
  },
  { name: 'an implicit head without a body', write: (res) => void res.end() },
  {
    name: 'an implicit head of a stream',
    write(res) {
      res.write('bo')
      res.end('dy')
    },
  },
  {
    name: 'flushHeaders',
    write(res) {
      res.statusCode = 203
      res.flushHeaders()
      res.end('body')
    },
  },
  {
    name: 'a reason set before',
    only: 'http1',
    write(res) {
      res.statusMessage = 'Fine'
      res.end('body')
    },
  },
  {
    name: 'a broken reason set before',
    only: 'http1',
    write(res) {
      res.statusMessage = 'Fi\nne'
      res.writeHead(201, { 'x-a': '1' })
    },
  },
  { name: 'a chain', write: (res) => void res.writeHead(201).end('body') },
  {
    name: 'a second head',
    write(res) {
      res.writeHead(201)
      res.writeHead(202)
    },
  },
  {
    name: 'a field after the head',
    write(res) {
      res.writeHead(201)
      res.setHeader('x-a', '1')
    },
  },
  { name: '204 with a body', write: (res) => void res.writeHead(204, { 'x-a': '1' }).end('stray') },
]

/** Plays a form. Where it throws, the error's code becomes visible in the reply, together with what the form left behind. */
export function play(form: Form, res: ServerResponse): void {
  try {
    form.write(res)
  } catch (error) {
    const code = String((error as NodeJS.ErrnoException).code)
    if (res.headersSent) {
      res.end(`refused: ${code}`)
      return
    }
    if (!('stream' in res)) res.statusMessage = ''
    res.writeHead(500, { 'x-refused': code })
    res.end(`refused: ${code}`)
  }
}
