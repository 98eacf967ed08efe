import { noRow, type Statement } from '../statement.js'
import { isKey, isOf } from './own.js'
import { bindKey, type PlaceParams } from './place.js'

/** Takes back the attempt of a claim that came to nothing. It is due when the claim ends. */
export const returnClaim: Statement<PlaceParams, null> = {
  name: 'parked_inbox.return_claim',
  text: (schema) => `
    WITH returned AS (
      UPDATE ${schema}.parked_message AS message
      SET attempts = greatest(attempts - 1, 0), starts = greatest(starts - 1, 0)
      WHERE ${isOf('message')} AND message.id = $4::bigint
    )
    UPDATE ${schema}.parked_key AS blocked SET attempts = greatest(attempts - 1, 0), starts = greatest(starts - 1, 0)
    WHERE ${isKey('blocked')}`,
  bind: (params) => [...bindKey(params), params.place.id],
  decode: noRow,
}
