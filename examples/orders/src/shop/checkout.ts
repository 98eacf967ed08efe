import type { NewOrder } from '../orders/place-order.js'

/** What a customer has decided to buy. It is stored before anything is asked for. */
export interface Checkout {
  readonly id: string
  readonly customerId: string
  readonly productId: string
  readonly quantity: number
}

/** What the order service has answered: the order's id, unless it was refused. */
export interface OrderAnswer {
  readonly status: number
  readonly orderId?: string
}

/** The order of a checkout, in the words of the order service. */
export function orderOf({ id, ...wanted }: Checkout): NewOrder {
  return { reference: id, ...wanted }
}

/** What a response of the order service says. */
export async function answerOf(response: Response): Promise<OrderAnswer> {
  const { orderId } = (await response.json()) as { readonly orderId?: string }
  return { status: response.status, ...(orderId !== undefined && { orderId }) }
}
