// Hill climbing in any space whose decisions are listed: change one decision of the best architecture so far.
const lines = require('readline').createInterface({ input: process.stdin })
let state, decisions, best = null, highest = -Infinity
const asked = new Map()

const draw = n => {
  state = (state * 48271) % 2147483647
  return state % n
}
const value = ({ values }) => values[draw(values.length)]

function propose () {
  const arch = best ? { ...best } : {}
  const changed = best ? [decisions[draw(decisions.length)]] : decisions
  for (const decision of changed) arch[decision.name] = value(decision)
  asked.set(asked.size, arch)
  return { id: asked.size - 1, arch }
}

const answers = {
  hello: message => {
    state = 1 + message.seed % 2147483646
    decisions = message.space.decisions
    return { hello: 1 }
  },
  ask: message => ({ trials: Array.from({ length: message.ask }, propose) }),
  tell: message => {
    for (const { id, score } of message.tell) {
      if (score[0] !== null && score[0] > highest) [best, highest] = [asked.get(id), score[0]]
    }
    return { usage: { proposals: asked.size } }
  }
}

lines.on('line', line => {
  const message = JSON.parse(line)
  if ('end' in message) process.exit()
  console.log(JSON.stringify(answers[Object.keys(message)[0]](message)))
})
