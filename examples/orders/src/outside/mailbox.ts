import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { SMTPServer } from 'smtp-server'
import { Gate } from './gate.js'

/** A mail, as it came. */
export interface Mail {
  readonly to: string
  readonly subject: string
  readonly text: string
}

/** A real mail server, on this machine. It delivers nothing. */
export class Mailbox {
  readonly mails: Mail[] = []
  /** Closed, it takes a mail and does not say yet that it has. */
  readonly gate = new Gate()
  private readonly server = new SMTPServer({
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    onData: (stream, { envelope }, done) => {
      const to = envelope.rcptTo.map(({ address }) => address).join(', ')
      this.take(to, stream).then(() => done(), done)
    },
  })

  static async open(): Promise<Mailbox> {
    const mailbox = new Mailbox()
    await once(mailbox.server.listen(0, '127.0.0.1'), 'listening')
    return mailbox
  }

  get url(): string {
    return `smtp://127.0.0.1:${(this.server.server.address() as AddressInfo).port}`
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.server.close(resolve))
  }

  private async take(to: string, stream: NodeJS.ReadableStream): Promise<void> {
    const mail = await text(stream)
    await this.gate.pass()
    const [head = '', body = ''] = mail.split('\r\n\r\n')
    this.mails.push({ to, subject: /^Subject: (.*)$/m.exec(head)?.[1] ?? '', text: body.trim() })
  }
}
