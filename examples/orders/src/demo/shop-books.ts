import pg from 'pg'
import type { Checkout, OrderAnswer } from '../shop/checkout.js'

/** The tables of the shops' own database: what their customers want, and what the order services have answered. */
export const shopTables = `
  CREATE TABLE checkout (
    id uuid PRIMARY KEY,
    shop text NOT NULL,
    customer_id text NOT NULL,
    product_id text NOT NULL,
    quantity integer NOT NULL
  );
  CREATE TABLE answer (
    checkout_id uuid NOT NULL REFERENCES checkout,
    status integer NOT NULL,
    order_id uuid
  )`

/** What a shop writes down. */
export interface ShopBooks {
  writeCheckout(shop: string, checkout: Checkout): Promise<void>
  writeAnswer(checkout: Checkout, answer: OrderAnswer): Promise<void>
  /** The checkouts of a shop that no answer is known to. */
  unanswered(shop: string): Promise<Checkout[]>
}

/** Opens the books that are kept in the database at `url`. */
export async function openBooks(url: string): Promise<ShopBooks> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  return {
    async writeCheckout(shop, { id, customerId, productId, quantity }) {
      await client.query('INSERT INTO checkout VALUES ($1, $2, $3, $4, $5)', [
        id,
        shop,
        customerId,
        productId,
        quantity,
      ])
    },
    async writeAnswer({ id }, { status, orderId = null }) {
      await client.query('INSERT INTO answer VALUES ($1, $2, $3)', [id, status, orderId])
    },
    async unanswered(shop) {
      const { rows } = await client.query<Checkout>(
        `SELECT id, customer_id AS "customerId", product_id AS "productId", quantity FROM checkout
         WHERE shop = $1 AND NOT EXISTS (SELECT FROM answer WHERE checkout_id = id)`,
        [shop],
      )
      return rows
    },
  }
}
