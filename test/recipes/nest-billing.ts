import 'reflect-metadata'
import {
  type DynamicModule,
  Inject,
  Injectable,
  Module,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common'
import { createInbox, createOutbox, type Inbox, type Outbox, topic } from '@pigeonhole/core'
import { type InboxRun, on, runInbox } from '@pigeonhole/kafkajs'
import { prismaStore } from '@pigeonhole/prisma'
import { PrismaPg } from '@prisma/adapter-pg'
import { Kafka, logLevel } from 'kafkajs'
import { type Prisma, PrismaClient } from '../prisma/fixture/generated/client.js'

/** An order as the shop publishes it. */
export interface Order {
  readonly orderId: string
  readonly cents: number
}

/** Where the module finds its servers, and which topics it reads and writes. */
export interface BillingSettings {
  readonly databaseUrl: string
  readonly brokers: readonly string[]
  readonly orders: string
  readonly invoices: string
}

const settingsToken = Symbol('settings')

// #region nest-providers
type Tx = Prisma.TransactionClient

const OUTBOX = Symbol('outbox')
const INBOX = Symbol('inbox')

const providers = [
  {
    provide: PrismaClient,
    inject: [settingsToken],
    useFactory: ({ databaseUrl }: BillingSettings) =>
      new PrismaClient({ adapter: new PrismaPg({ connectionString: databaseUrl }) }),
  },
  {
    provide: Kafka,
    inject: [settingsToken],
    useFactory: ({ brokers }: BillingSettings) =>
      new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING }),
  },
  {
    provide: OUTBOX,
    inject: [PrismaClient],
    useFactory: (prisma: PrismaClient) => createOutbox({ store: prismaStore(prisma) }),
  },
  {
    provide: INBOX,
    inject: [PrismaClient, OUTBOX],
    useFactory: (prisma: PrismaClient, outbox: Outbox<Tx>) =>
      createInbox({ store: prismaStore(prisma), outbox, name: 'billing' }),
  },
]
// #endregion

// #region nest-service
/** Publishes where it writes. */
@Injectable()
export class InvoiceService {
  @Inject(PrismaClient) private readonly prisma!: PrismaClient
  @Inject(OUTBOX) private readonly outbox!: Outbox<Tx>
  @Inject(settingsToken) private readonly settings!: BillingSettings

  issue(order: Order): Promise<void> {
    return this.prisma.$transaction((tx) => this.issueIn(tx, order))
  }

  async issueIn(tx: Tx, { orderId, cents }: Order): Promise<void> {
    await tx.invoice.create({ data: { id: `invoice of ${orderId}`, orderId, cents } })
    await this.outbox.publish(tx, topic<Order>(this.settings.invoices), { orderId, cents })
  }
}
// #endregion

// #region nest-consumer
/** Consumes from the start of the application to its shutdown. */
@Injectable()
class OrderConsumer implements OnApplicationBootstrap, OnApplicationShutdown {
  @Inject(Kafka) private readonly kafka!: Kafka
  @Inject(INBOX) private readonly inbox!: Inbox<Tx>
  @Inject(InvoiceService) private readonly invoices!: InvoiceService
  @Inject(PrismaClient) private readonly prisma!: PrismaClient
  @Inject(settingsToken) private readonly settings!: BillingSettings
  #run: InboxRun | undefined

  async onApplicationBootstrap(): Promise<void> {
    const orders = topic<Order>(this.settings.orders)
    this.#run = await runInbox(
      this.kafka.consumer({ groupId: `${this.settings.orders}-billing` }),
      this.inbox,
      {
        handlers: [on(orders, ({ message, tx }) => this.invoices.issueIn(tx, message.value))],
      },
    )
  }

  // Before Prisma's connections go: the message in flight is finished.
  async onApplicationShutdown(): Promise<void> {
    await this.#run?.stop()
    await this.prisma.$disconnect()
  }
}
// #endregion

/** Billing as a module of a Nest application. */
@Module({})
class BillingModule {}

/** The module with its providers. */
export function billingModule(settings: BillingSettings): DynamicModule {
  const own = { provide: settingsToken, useValue: settings }
  return { module: BillingModule, providers: [own, ...providers, InvoiceService, OrderConsumer] }
}
