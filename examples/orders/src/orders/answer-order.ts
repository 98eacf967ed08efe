import { z } from 'zod'
import { type NewOrder, OrderRefused } from './place-order.js'

const NewOrderBody = z.object({
  reference: z.string(),
  customerId: z.string(),
  productId: z.string(),
  quantity: z.int().positive(),
})

/** Answers `POST /orders`: 201 with the order's id, 400 to what is no order, 409 to one that is refused. */
export async function answerOrder(
  request: Request,
  place: (order: NewOrder) => Promise<string>,
): Promise<Response> {
  const order = NewOrderBody.safeParse(await request.json().catch(() => undefined))
  if (!order.success) return Response.json({ error: z.prettifyError(order.error) }, { status: 400 })
  try {
    return Response.json({ orderId: await place(order.data) }, { status: 201 })
  } catch (error) {
    if (error instanceof OrderRefused) return Response.json({ error: error.message }, { status: 409 })
    throw error
  }
}
