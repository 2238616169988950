import type { Rule } from '../rule.js'
import { normalFramingRules } from './normal-framing.js'
import { normalInformationalRules } from './normal-informational.js'
import { normalStreamsRules } from './normal-streams.js'
import { normalTlsRules } from './normal-tls.js'

/** Everything that is a whole reply must end as finished. */
export const normalRules: readonly Rule[] = [
  ...normalFramingRules,
  ...normalStreamsRules,
  ...normalInformationalRules,
  ...normalTlsRules,
]
