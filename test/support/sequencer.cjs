/** The order of the tests where no earlier run has told how long each takes: what starts programs, and waits, first. */
const { default: Sequencer } = require('@jest/test-sequencer');

/** The longest first. */
const long = ['/contract/examples.', '/process/', '/contract/'];

module.exports = class LongestFirst extends Sequencer {
  sort(tests) {
    const rank = ({ path }) => {
      const place = long.findIndex((part) => path.includes(part));
      return place === -1 ? long.length : place;
    };
    return super.sort(tests).sort((a, b) => rank(a) - rank(b));
  }
};
