import type { Binding } from './binding.js'
import type { Lifecycle } from './lifecycle.js'

/** An application on one kind of server: what the exchanges that begin there share. */
export class Mount {
  /** The application. */
  readonly lifecycle: Lifecycle
  /** The kind of server. */
  readonly binding: Binding

  constructor(lifecycle: Lifecycle, binding: Binding) {
    this.lifecycle = lifecycle
    this.binding = binding
  }
}
