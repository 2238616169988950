import { after } from '@afterword/lifecycle-core'
import { createTransport, type Transporter } from 'nodemailer'
import { formatMoney } from '../domain/money.js'
import type { Order } from '../domain/order.js'

/** Sends receipts, behind the reply: the customer does not wait for the mail server. */
export class Receipts {
  private readonly transport: Transporter

  /** @param smtp `smtp://host:port` */
  constructor(smtp: string) {
    // Less than the timeout of the task, so that it is the connection that gives up.
    this.transport = createTransport({ url: smtp, connectionTimeout: 3_000, greetingTimeout: 3_000, socketTimeout: 3_000 })
  }

  /** Sends one once the order is in the database, whether or not its customer still reads the reply; otherwise none. */
  sendFor({ id, email, total }: Order): void {
    after(
      () =>
        this.transport.sendMail({
          from: 'shop@example.org',
          to: email,
          subject: `Your order ${id}`,
          text: `Thank you. You pay ${formatMoney(total)}.`,
        }),
      { name: 'receipt', when: ({ transaction }) => transaction === 'committed', timeout: 10_000 },
    )
  }
}
