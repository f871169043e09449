/** Runs the slowest groups of tests first: those that start programs and wait. Within a group, Jest decides. */
const { default: Sequencer } = require('@jest/test-sequencer');

/** The slowest first. */
const slowGroups = [
  '/new.slow.', // template: omit
  'demos/examples.', // template: omit
  '/program/',
  'demos/dangerous', // template: omit
  '/contract/',
];

module.exports = class SlowestFirst extends Sequencer {
  sort(tests) {
    const rank = ({ path }) => {
      const place = slowGroups.findIndex((part) => path.includes(part));
      return place === -1 ? slowGroups.length : place;
    };
    return super.sort(tests).sort((a, b) => rank(a) - rank(b));
  }
};
