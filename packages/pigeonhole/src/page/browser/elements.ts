/** The element of the page with this id. */
export function byId(id: string): HTMLElement {
  const found = document.getElementById(id)
  if (!found) throw new Error(`The page has no #${id}`)
  return found
}

/** An element with text: never markup, as keys and errors come from anywhere. */
export function element(name: string, text: string, className = ''): HTMLElement {
  const made = document.createElement(name)
  made.textContent = text
  if (className !== '') made.className = className
  return made
}

const shown = new Map<string, string>()

/**
 * Has the element hold what `make` makes of `value`. Nothing is touched where the value is the same: selection and place
 * of reading stay, and a screen reader has nothing to say.
 */
export function show<T>(id: string, value: T, make: (value: T) => readonly Node[]): void {
  const text = JSON.stringify(value)
  if (shown.get(id) === text) return
  shown.set(id, text)
  byId(id).replaceChildren(...make(value))
}

/** Shows a text. */
export function showText(id: string, text: string): void {
  show(id, text, () => [document.createTextNode(text)])
}

/** A cell with a button. */
export interface PressCell {
  readonly press: () => void
  readonly text: string
  /** What a screen reader calls it. */
  readonly label: string
  /** What it is about: where that changes, the button does. */
  readonly ref: unknown
}

/** A cell of a table: a text, a button, or one that is a number or trouble. */
export type Cell = string | PressCell | { readonly text: string; readonly as: 'number' | 'trouble' }

/** Shows rows in a table's body, or one that says that there are none. */
export function showRows(id: string, rows: readonly (readonly Cell[])[], none: string): void {
  const columns = byId(id).closest('table')?.querySelectorAll('thead th').length ?? 1
  show(id, { rows, none }, () => (rows.length > 0 ? rows.map(rowOf) : [emptyRow(none, columns)]))
}

function rowOf(cells: readonly Cell[]): HTMLElement {
  const row = document.createElement('tr')
  for (const cell of cells) row.append(cellOf(cell))
  return row
}

function cellOf(cell: Cell): HTMLElement {
  if (typeof cell === 'string') return element('td', cell)
  if ('as' in cell) return element('td', cell.text, cell.as)
  const button = element('button', cell.text)
  button.setAttribute('type', 'button')
  button.setAttribute('aria-label', cell.label)
  button.onclick = cell.press
  const around = document.createElement('td')
  around.append(button)
  return around
}

/** Has the keyboard reach what is wider than its place, and nothing else of that kind. */
export function letScroll(): void {
  for (const region of document.querySelectorAll<HTMLElement>('.scroll'))
    if (region.scrollWidth > region.clientWidth) region.tabIndex = 0
    else region.removeAttribute('tabindex')
}

function emptyRow(text: string, columns: number): HTMLElement {
  const row = document.createElement('tr')
  const cell = document.createElement('td')
  cell.colSpan = columns
  cell.className = 'none'
  cell.textContent = text
  row.append(cell)
  return row
}
