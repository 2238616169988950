/** Something that can be held up: the tour and the tests wait until it is, and let it go on. */
export class Gate {
  private opened: Promise<void> | undefined
  private letThrough = (): void => {}
  private tellReached = (): void => {}

  /** Holds up what comes next. Resolves once something has come. */
  close(): Promise<void> {
    this.opened = new Promise((resolve) => (this.letThrough = resolve))
    return new Promise((resolve) => (this.tellReached = resolve))
  }

  /** Lets everything through. */
  open(): void {
    this.opened = undefined
    this.letThrough()
  }

  /** Resolves at once, unless it is closed. */
  async pass(): Promise<void> {
    this.tellReached()
    await this.opened
  }
}
