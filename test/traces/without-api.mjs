// For `node --import`: the packages find no @opentelemetry/api, as where it is not installed.
import { register } from 'node:module'

const hooks = `
  export async function resolve(specifier, context, next) {
    if (specifier !== '@opentelemetry/api') return next(specifier, context)
    throw Object.assign(new Error('Cannot find package ' + specifier), { code: 'ERR_MODULE_NOT_FOUND' })
  }`
register(`data:text/javascript,${encodeURIComponent(hooks)}`)
