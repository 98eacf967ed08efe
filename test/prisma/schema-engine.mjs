#!/usr/bin/env node
// For PRISMA_SCHEMA_ENGINE_BINARY.
import '../dist/prisma/engine-program.js'
