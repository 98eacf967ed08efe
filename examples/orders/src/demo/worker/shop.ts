// A shop of the Pigeonhole run.
import { askForOrder } from '../../shop/ask-for-order.js'
import { takePart } from './part.js'
import { keepShop } from './shop-traffic.js'

await keepShop(takePart(), askForOrder)
process.exit()
