/** Few, so that each has many orders whose order can be told. */
export const customers: readonly string[] = ['ada', 'ben', 'cleo', 'dan', 'eve', 'finn', 'gia', 'hal']

/** What there is enough of. */
export const products: readonly string[] = ['anvil', 'bellows', 'crank', 'derrick', 'engine', 'flange']

/** What there is nothing of: the database refuses every order for it. */
export const soldOut = 'grail'
