// Rules of this house that no linter ships. Loaded by .oxlintrc.json.
import { basename } from 'node:path'

const nativeEvents = new Set(['finish', 'prefinish', 'close', 'aborted'])
const listenerMethods = new Set([
  'on', 'once', 'off', 'addListener', 'removeListener', 'removeAllListeners',
  'prependListener', 'prependOnceListener', 'emit', 'listenerCount',
])

/** Native events lie after an abort; one file translates them, everything else speaks in phases. */
const nativeEventsInBindingOnly = {
  create: (context) => ({
    CallExpression(node) {
      const name = node.callee.type === 'MemberExpression' ? node.callee.property.name : node.callee.name
      if (!listenerMethods.has(name)) return
      // `once(res, 'close')` of node:events has the event second.
      const event = node.arguments.slice(0, 2).find((argument) => nativeEvents.has(argument.value))
      if (event) context.report({ node: event, message: `'${event.value}' belongs in adapter-node's binding alone` })
    },
  }),
}

/** A file is named after the one noun it holds. */
const noVagueFilename = {
  create: (context) => ({
    Program(node) {
      if (/^(utils?|helpers?)\b/i.test(basename(context.filename))) {
        context.report({ node, message: 'Name the file after what it holds' })
      }
    },
  }),
}

export default {
  meta: { name: 'house' },
  rules: {
    'native-events-in-binding-only': nativeEventsInBindingOnly,
    'no-vague-filename': noVagueFilename,
  },
}
