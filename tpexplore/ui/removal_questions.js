// What to ask the server next. One piece at a time, the one in sight first, and none for long: the queue is
// shared with everybody else, and whoever goes on painting waits for the piece that is being computed.

const AT_ONCE_SECONDS = 0.1; // the block in sight is asked for alone unless all take no longer
const MOMENT_SECONDS = 0.35; // random draws are asked for together as far as they take no longer
const LONGEST_SECONDS = 4; // a removal is asked for after all blocks at once unless that takes longer
const WAIT_SECONDS = 90;

function createKnowledge(data) {
  const blocks = Array.from({ length: data.model.depth - 1 }, (_, i) => i + 1);
  const answers = new Map(); // of each mask: block -> answer
  const draws = new Map(); // of each number of patches: for each draw, block -> {value, stays}
  let pace = 0; // seconds one block of one clip takes there; 0 until the first answer
  let delay = 0; // seconds an answer takes beyond that

  const answersOf = (key) => answers.get(key) ?? answers.set(key, new Map()).get(key);
  const drawsOf = (count) =>
    draws.get(count) ??
    draws.set(count, Array.from({ length: data.draws }, () => new Map())).get(count);
  const passes = (asked, rows) =>
    Math.max(...asked) + rows * asked.reduce((sum, block) => sum + data.model.depth - block, 0);
  const within = (seconds, asked, rows) => pace > 0 && pace * passes(asked, rows) <= seconds;

  // As many of the missing blocks as are not too long, in the order given; at least one.
  function affordable(missing) {
    let most = 1;
    while (most < missing.length && within(LONGEST_SECONDS, missing.slice(0, most + 1), 1)) most += 1;
    return missing.slice(0, most).sort((a, b) => a - b);
  }

  function missingAnswers(key, block) {
    const missing = blocks.filter((b) => !answersOf(key).has(b));
    return missing.sort((a, b) => Math.abs(a - block) - Math.abs(b - block));
  }

  function missingDraws(count) {
    const open = drawsOf(count).map((found) => blocks.filter((b) => !found.has(b)));
    const first = open.findIndex((missing) => missing.length);
    if (first < 0) return null;
    const asked = affordable(open[first]);
    const numbers = [first];
    for (let next = first + 1; next < open.length; next++) {
      const moment = clamp(delay, MOMENT_SECONDS, LONGEST_SECONDS / 2); // asking again must not cost more
      if (open[next].join() !== open[first].join() || !within(moment, asked, numbers.length + 1)) break;
      numbers.push(next);
    }
    return { blocks: asked, draws: numbers };
  }

  return {
    blocks,
    answersOf,
    drawsOf,
    // `keys` are masks to know all blocks of, the chosen one first; draws are as many as `count` patches.
    next(keys, block, count) {
      for (const key of keys) {
        const missing = missingAnswers(key, block);
        const waiting = missing[0] === block && key === keys[0] && !within(AT_ONCE_SECONDS, missing, 1);
        if (waiting) return { mask: key, blocks: [block], draws: [] };
        if (missing.length) return { mask: key, blocks: affordable(missing), draws: [] };
      }
      const open = count > 0 && count < data.picture.patches ? missingDraws(count) : null;
      return open && { mask: keys[0], ...open };
    },
    learn(question, count, reply, waited) {
      const rows = Math.max(1, question.draws.length);
      const measured = reply.seconds / passes(question.blocks, rows);
      pace = pace ? 0.7 * pace + 0.3 * measured : measured;
      delay = 0.7 * delay + 0.3 * Math.max(0, waited - reply.seconds);
      question.blocks.forEach((block, i) => {
        if (reply.answers) answersOf(question.mask).set(block, reply.answers[i]);
        question.draws.forEach((draw, j) =>
          drawsOf(count)[draw].set(block, { value: reply.values[i][j], stays: reply.stays[i][j] }),
        );
      });
    },
  };
}

// Sends questions through `send`; `next` says what to ask, or null. `learn` takes the answer, after how many
// seconds it came, and says whether to go on asking.
function createAsker({ next, send, learn, fail }) {
  let open = null;
  let pause = 0;
  let number = 0;

  function pump() {
    if (open || pause) return;
    const question = next();
    if (!question) return;
    number += 1;
    const late = setTimeout(() => {
      open = null;
      fail("The server has not answered. Change a mark to ask again.");
    }, 1000 * WAIT_SECONDS);
    open = { id: number, question, late, sent: performance.now() };
    send({ id: number, ...question });
  }

  return {
    pump,
    // Ask once the hand has rested for so long.
    pumpAfter(milliseconds) {
      clearTimeout(pause);
      pause = setTimeout(() => {
        pause = 0;
        pump();
      }, milliseconds);
    },
    receive(reply) {
      if (!open || reply.id !== open.id) return; // given up on
      clearTimeout(open.late);
      const { question, sent } = open;
      open = null;
      if (reply.problem) fail(reply.problem);
      else if (learn(question, reply, (performance.now() - sent) / 1000)) pump();
    },
  };
}
