import { type OutgoingHttpHeader, type OutgoingHttpHeaders, ServerResponse, validateHeaderName, validateHeaderValue } from 'node:http'
import type { AnyResponse } from './head.js'

/** What `writeHead` takes besides a status and a reason: an object, a flat list, or a list of pairs. */
export type HeadFields = OutgoingHttpHeaders | OutgoingHttpHeader[] | readonly (readonly [string, OutgoingHttpHeader])[]

type Pair = readonly [name: string, value: OutgoingHttpHeader]

/**
 * Whether the response would take this head. One that it refuses is left to it, so that it throws what it always throws,
 * and nothing of that head stays behind for the one that replaces it.
 */
export function accepts(res: AnyResponse, status: number, reason: unknown, fields: HeadFields | null | undefined): boolean {
  const overHttp2 = 'stream' in res
  if (status < (overHttp2 ? 200 : 100) || status > 999) return false
  if (Array.isArray(fields) && !isPaired(fields) && fields.length % 2 !== 0) return false
  // There the fields are checked one by one while they are set, with or without us; but for null it has no use.
  if (overHttp2) return fields !== null
  const begun = isBegun(res)
  // Node takes pairs only when no field was set before.
  if (isPaired(fields) && begun) return false
  try {
    validateHeaderValue('reason', typeof reason === 'string' ? reason : (res.statusMessage ?? ''))
    for (const [name, value] of inPairs(fields)) {
      validateHeaderName(name)
      // Nor does it look into lists when there are others before.
      for (const each of begun ? [value] : [value].flat()) validateHeaderValue(name, each as string)
    }
    return true
  } catch {
    return false
  }
}

/**
 * Sets the fields that were given to `writeHead`, so that listeners see them. Those replace what was set before; which
 * of them may repeat is Node's choice.
 */
export function merge(res: AnyResponse, fields: HeadFields | null | undefined): void {
  const pairs = inPairs(fields)
  if (Array.isArray(fields) ? !repeats(res) : 'stream' in res || isBegun(res)) {
    for (const [name, value] of pairs) res.setHeader(name, value as string)
    return
  }
  for (const [name] of pairs) res.removeHeader(name)
  for (const [name, value] of pairs) res.appendHeader(name, value as string)
}

function isBegun(res: AnyResponse): boolean {
  return res.getHeaderNames().length > 0
}

function isPaired(fields: unknown): fields is readonly Pair[] {
  return Array.isArray(fields) && Array.isArray(fields[0])
}

function inPairs(fields: HeadFields | null | undefined): readonly Pair[] {
  if (isPaired(fields)) return fields
  if (!Array.isArray(fields)) return Object.entries(fields ?? {}) as [string, OutgoingHttpHeader][]
  const pairs: Pair[] = []
  for (let index = 0; index < fields.length; index += 2) pairs.push([fields[index] as string, fields[index + 1] as OutgoingHttpHeader])
  return pairs
}

let repeatsAfterOthers: boolean | undefined

/** Whether a name may repeat in a list. When fields were set before, Node 20 keeps only the last one of a name. */
function repeats(res: AnyResponse): boolean {
  if ('stream' in res || !isBegun(res)) return true
  if (repeatsAfterOthers === undefined) {
    const sample = new ServerResponse({ method: 'GET' } as never)
    sample.setHeader('a', '0')
    sample.writeHead(200, ['b', '1', 'b', '2'])
    repeatsAfterOthers = Array.isArray(sample.getHeader('b'))
  }
  return repeatsAfterOthers
}
