/** How many of what a regular noun names: "1 key", "2 keys". */
export function countOf(count: number, noun: string): string {
  return `${count} ${count === 1 ? noun : `${noun}s`}`
}
