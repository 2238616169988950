import { createLifecycle, type ExpressLifecycle } from '@afterword/adapter-express'
import express, { type ErrorRequestHandler, type Express } from 'express'
import { filterFields } from './acl.js'
import { audit, type Entry } from './audit.js'
import { contract } from './contract.js'
import { PeopleReply, people, PersonReply } from './people.js'

const permissions = {
  guest: ['id', 'name'],
  employee: ['id', 'name', 'email'],
  // A mistake: nobody may see that field. The contract finds it.
  auditor: ['id', 'name', 'passwordHash'],
}

const sorry: ErrorRequestHandler = (_error, _req, res, _next) => void res.status(500).json({ error: 'Something is wrong on our side.' })

/** The handlers know nothing of roles, schemas or logs: all of that comes after them. */
export function createApp(write: (entry: Entry) => unknown): { app: Express; lifecycle: ExpressLifecycle } {
  const lifecycle = createLifecycle()
  const app = express()
  app.use(lifecycle.middleware)
  app.use(audit(write))

  // The last that is registered sees the payload first: the handler's reply is filtered, and then held to its contract.
  app.get('/people', contract(PeopleReply), filterFields(permissions), (_req, res) => void res.json(people))

  app.get('/people/:id', contract(PersonReply), filterFields(permissions), (req, res) => {
    const person = people.find(({ id }) => id === Number(req.params['id']))
    if (person === undefined) res.status(404).json({ error: 'There is no such person.' })
    else res.json(person)
  })

  app.use(lifecycle.errorMiddleware)
  app.use(sorry)
  return { app, lifecycle }
}
