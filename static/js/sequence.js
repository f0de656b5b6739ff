/* G begins a sequence: the letter after it names the page to open, and never answers a question. */

const LONGEST_MS = 3000;
let begunAt = -Infinity;

export const begin = (event) => (begunAt = event.timeStamp);
export const end = () => (begunAt = -Infinity);
export const isGoing = (event) => event.timeStamp - begunAt < LONGEST_MS;
