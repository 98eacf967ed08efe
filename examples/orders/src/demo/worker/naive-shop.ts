// A shop of the run without Pigeonhole.
import { askForOrder } from '../../naive/ask-for-order.js'
import { takePart } from './part.js'
import { keepShop } from './shop-traffic.js'

await keepShop(takePart(), askForOrder)
process.exit()
