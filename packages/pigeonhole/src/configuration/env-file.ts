import { configFileName } from './config-file.js'

/** How the variables of a .env file get to a command: it reads none by itself, as Prisma does not. */
export const envFileHint: string = `A .env file is read where ${configFileName} begins with import 'dotenv/config', or by node --env-file=.env node_modules/pigeonhole/dist/bin.js`
