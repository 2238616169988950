// Loaded first by every worker of a matrix lane, so that a lane cannot silently run on another Node.
const expected = process.env.AFTERWORD_EXPECT_NODE

if (expected !== undefined && process.version !== `v${expected}`) {
  throw new Error(`This lane is for Node ${expected}, but runs on ${process.version}`)
}
