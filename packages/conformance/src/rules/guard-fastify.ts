import assert from 'node:assert/strict'
import type { FastifyInstance, FastifyReply } from 'fastify'
import type { Rule } from '../rule.js'
import { serve } from './fastify-own.js'
import { codes, doubleReply } from './guard-reply.js'

const needs = ['fastify'] as const
const phases = ['onRequest', 'preParsing', 'preValidation', 'preHandler'] as const

/** Fastify stops by itself. */
export const guardFastifyRules: readonly Rule[] = [
  {
    id: 'GRD-060',
    title: 'MUST find that Fastify runs no later hook and no handler once a hook has replied, guard or not',
    needs,
    run: async (rig) => {
      for (const guard of [false, true]) {
        for (const where of phases) {
          for (const style of ['async', 'callback']) {
            const ran: string[] = []
            await serve(
              rig,
              (app: FastifyInstance) => {
                for (const phase of phases) {
                  for (const turn of [1, 2]) {
                    const act = (reply: FastifyReply) => {
                      ran.push(`${phase} ${turn}`)
                      if (phase === where && turn === 1) void reply.send(`from ${phase}`)
                    }
                    if (style === 'async') app.addHook(phase as 'onRequest', async (_request, reply) => act(reply))
                    else {
                      app.addHook(phase as 'onRequest', (_request, reply, ...rest) => {
                        act(reply)
                        ;(rest.at(-1) as unknown as () => void)()
                      })
                    }
                  }
                }
                app.get('/', async () => {
                  ran.push('handler')
                  return 'from the handler'
                })
              },
              async (app) => {
                assert.equal((await app.ask()).body, `from ${where}`)
                await app.outcome()
                await app.lifecycle.idle()
                assert.equal(ran.at(-1), `${where} 1`, style)
                assert.deepEqual(app.faults, [])
              },
              { guard, callSites: false },
            )
          }
        }
      }
    },
  },
  {
    id: 'GRD-061',
    title: 'MUST report a second reply.send, or a value returned after the first, once and to the sink instead of the log, and leave it to Fastify without the guard',
    needs,
    run: async (rig) => {
      for (const guard of [false, true]) {
        for (const second of ['send', 'return']) {
          const lines: { err?: { code?: string } }[] = []
          const stream = { write: (line: string) => void lines.push(JSON.parse(line) as (typeof lines)[number]) }
          await serve(
            rig,
            (app: FastifyInstance) => {
              app.get('/', async (_request, reply) => {
                void reply.send('first')
                if (second === 'return') return 'second'
                return reply.send('second')
              })
            },
            async (app) => {
              assert.equal((await app.ask()).body, 'first')
              await app.outcome()
              await app.lifecycle.idle()
              const logged = lines.flatMap(({ err }) => err?.code ?? [])
              assert.deepEqual([codes(app), logged], guard ? [[doubleReply], []] : [[], ['FST_ERR_REP_ALREADY_SENT']])
            },
            { guard, callSites: false, server: { logger: { level: 'warn', stream } } },
          )
        }
      }
    },
  },
]
