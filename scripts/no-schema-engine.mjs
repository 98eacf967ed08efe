#!/usr/bin/env node
// Stands in for Prisma's schema engine where a client is generated: Prisma wants the program to be there, and would
// fetch it, but does not run it. `prisma migrate` and `prisma db push` need the real one.
