import { type Client, leavesBeforeHead, leavesMidBody, patient } from './clients.js'
import type { Verdict } from './verdict.js'

/** One request that every server gets, and what every server must make of it. */
export interface Visit {
  readonly title: string
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly client: Client
  /** Arguments for curl to do the same by hand, and what to pipe it into. */
  readonly curl: readonly [args: string, pipe?: string]
  readonly expected: Verdict
}

const finished = { kind: 'finished', reason: null, position: null, header: null, faults: [] } as const
const aborted = { kind: 'aborted', reason: 'client', header: null, faults: [] } as const

/** The tour, in order. */
export const visits: readonly Visit[] = [
  {
    title: 'A reply, and work behind it',
    method: 'POST',
    path: '/orders',
    client: patient,
    curl: ['-iX POST'],
    expected: { ...finished, status: 201, tasks: ['sendReceipt', 'countSale'] },
  },
  {
    title: 'A task fails, the other goes on',
    method: 'POST',
    path: '/coupons',
    client: patient,
    curl: ['-iX POST'],
    expected: {
      ...finished,
      status: 202,
      tasks: ['mailCoupon', 'countCoupon'],
      faults: ['mailCoupon: Error: the mailbox is full'],
    },
  },
  {
    title: 'A task schedules a task',
    method: 'POST',
    path: '/returns',
    client: patient,
    curl: ['-iX POST'],
    expected: { ...finished, status: 202, tasks: ['refund', 'tellCustomer'] },
  },
  {
    title: 'A header that is written at the last moment',
    method: 'GET',
    path: '/basket',
    client: patient,
    curl: ['-i'],
    expected: { ...finished, status: 200, header: 'set-cookie: basket=2', tasks: ['saveBasket'] },
  },
  {
    title: 'The client leaves before the head',
    method: 'GET',
    path: '/news',
    client: leavesBeforeHead,
    curl: ['-m 0.5'],
    expected: { ...aborted, status: null, position: 'before-commit', tasks: ['keepForLater'] },
  },
  {
    title: 'The client leaves in the middle of the body',
    method: 'GET',
    path: '/catalogue',
    client: leavesMidBody,
    curl: ['-sN', 'head -3'],
    expected: { ...aborted, status: 200, position: 'mid-response', tasks: ['closeCursor'] },
  },
  {
    title: 'The handler throws',
    method: 'GET',
    path: '/invoice',
    client: patient,
    curl: ['-i'],
    expected: { ...finished, status: 500, tasks: ['callMechanic'], faults: ['handler: Error: the printer is on fire'] },
  },
]

/** The one that is in flight when SIGTERM comes. */
export const lastVisit: Visit = {
  title: 'In flight when SIGTERM comes',
  method: 'GET',
  path: '/news',
  client: patient,
  curl: ['-i'],
  expected: { ...finished, status: 200, header: 'connection: close', tasks: ['markAsRead'] },
}
