import { pgKind, prismaKind } from './operation-lab.js'
import { describeOperations } from './operations.js'

describeOperations(pgKind)
describeOperations(prismaKind)
