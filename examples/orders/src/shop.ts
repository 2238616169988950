import type { Readable } from 'node:stream'
import type { Connection, Database } from '@afterword/example-transaction/database'
import type { LifecycleOptions, OnError, Transaction } from '@afterword/lifecycle-core'
import { follows, type Order, OrderPath, OrderRequest, StepRequest } from './domain/order.js'
import { Problem } from './domain/problem.js'
import { auditIn } from './lifecycle/audit.js'
import type { Caller } from './lifecycle/caller.js'
import { hideInternals } from './lifecycle/filtering.js'
import { Progress } from './lifecycle/progress.js'
import { Receipts } from './lifecycle/receipt.js'
import { transactionOn } from './lifecycle/transaction.js'
import { Webhook } from './lifecycle/webhook.js'
import { findOrder, insertOrder, lockOrder, updateStep } from './storage/orders.js'

/** What the shop needs around it. */
export interface Surroundings {
  readonly database: Database
  /** The mail server: `smtp://host:port`. */
  readonly smtp: string
  /** Whom to tell of orders: a URL that takes POST. */
  readonly webhook: string
  /** Hears of every error that nobody else can: of mails and webhooks that fail, for one. */
  readonly onError: OnError
}

/**
 * What the shop does with a request, whatever server it came in by. It takes what the client has sent as `unknown`, and
 * returns what the client is to get, or throws.
 */
export class Shop {
  /** What happens to every request: the options of `createLifecycle`, on each server. */
  readonly lifecycleOptions: LifecycleOptions
  /** Who watches which order. */
  readonly progress = new Progress()
  private readonly database: Database
  private readonly transaction: Transaction<Connection>
  private readonly receipts: Receipts
  private readonly webhook: Webhook

  constructor({ database, smtp, webhook, onError }: Surroundings) {
    this.lifecycleOptions = { onPayload: hideInternals, onOutcome: auditIn(database), onError }
    this.database = database
    this.transaction = transactionOn(database)
    this.receipts = new Receipts(smtp)
    this.webhook = new Webhook(webhook)
  }

  /** Takes an order. When the customer is told 201 it is in the database, and otherwise it is not. */
  async placeOrder(body: unknown): Promise<Order> {
    const request = OrderRequest.parse(body)
    const order = await this.transaction.run((connection) => insertOrder(connection, request))
    this.receipts.sendFor(order)
    this.webhook.tellOf(order)
    return order
  }

  /** Shows an order. */
  async showOrder(path: unknown): Promise<Order> {
    const { id } = OrderPath.parse(path)
    return findOrder(this.database, id)
  }

  /** Notes that an order was packed, or shipped. */
  async moveOrder(caller: Caller, path: unknown, body: unknown): Promise<Order> {
    if (caller !== 'staff') throw new Problem(403, 'Only staff may do this.')
    const { id } = OrderPath.parse(path)
    const { step } = StepRequest.parse(body)
    const order = await this.transaction.run(async (connection) => {
      const before = await lockOrder(connection, id)
      if (!follows(step, before.step)) throw new Problem(409, `The order was ${before.step} last.`)
      await updateStep(connection, id, step)
      return { ...before, step }
    })
    this.progress.tellOf(id, step)
    return order
  }

  /** Follows an order to its last step. */
  async watchOrder(path: unknown): Promise<Readable> {
    const { id } = OrderPath.parse(path)
    return this.progress.watch(id, () => findOrder(this.database, id))
  }
}
