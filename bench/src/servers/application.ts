import type { IncomingMessage, Server, ServerResponse } from 'node:http'

/** Makes a server that does not listen yet. */
export type Application = () => Server | Promise<Server>

/** Variants of one server, by the id of their scenario. */
export type Applications = Readonly<Record<string, Application>>

/** What is put in front of a handler. */
export type Hook = (req: IncomingMessage, res: ServerResponse) => void

/** The servers that are measured. */
export const serverNames = ['node', 'express', 'fastify'] as const

/** A server that is measured. */
export type ServerName = (typeof serverNames)[number]

/** Applies a function to every value of a record. */
export function mapValues<A, B>(record: Readonly<Record<string, A>>, convert: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, convert(value)]))
}
