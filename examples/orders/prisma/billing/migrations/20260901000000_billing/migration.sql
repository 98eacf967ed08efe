CREATE TABLE "account" (
    "customer_id" TEXT NOT NULL,
    "invoice_count" INTEGER NOT NULL DEFAULT 0,
    "balance_cents" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "account_pkey" PRIMARY KEY ("customer_id")
);

-- "reference" has no unique index: that would be an inbox made by hand, for this one table, and the balance would still
-- be counted twice.
CREATE TABLE "invoice" (
    "id" BIGSERIAL NOT NULL,
    "customer_id" TEXT NOT NULL,
    "number" INTEGER NOT NULL,
    "reference" UUID NOT NULL,
    "amount_cents" INTEGER NOT NULL,

    CONSTRAINT "invoice_pkey" PRIMARY KEY ("id")
);

ALTER TABLE "invoice" ADD CONSTRAINT "invoice_customer_id_fkey"
    FOREIGN KEY ("customer_id") REFERENCES "account"("customer_id") ON DELETE RESTRICT ON UPDATE CASCADE;
