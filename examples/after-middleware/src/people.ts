import { z } from 'zod'

/** What a row of the table holds. */
interface Person {
  readonly id: number
  readonly name: string
  readonly email: string
  readonly salary: number
  readonly passwordHash: string
}

export const people: readonly Person[] = [
  { id: 1, name: 'Ada', email: 'ada@example.org', salary: 5200, passwordHash: '$2b$10$ada' },
  { id: 2, name: 'Grace', email: 'grace@example.org', salary: 6100, passwordHash: '$2b$10$grace' },
]

/** What a reply about a person may contain: nothing that is not named here. */
export const PersonReply = z.strictObject({
  id: z.number().int(),
  name: z.string().min(1),
  email: z.email().optional(),
  salary: z.number().optional(),
})

export const PeopleReply = z.array(PersonReply)
