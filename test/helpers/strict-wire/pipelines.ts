import { fieldsOf, isDoc, isNumber, isOperator, listOf, type Report, shown } from './documents.ts'
import { checkExpression } from './expressions.ts'
import { checkFilter } from './filters.ts'

const STAGES = new Set(
  `$addFields $bucket $bucketAuto $changeStream $collStats $count $densify $documents $facet $fill $geoNear $graphLookup $group
  $indexStats $limit $listSessions $lookup $match $merge $out $planCacheStats $project $redact $replaceRoot $replaceWith $sample
  $set $setWindowFields $skip $sort $sortByCount $unionWith $unset $unwind`.split(/\s+/),
)
const FIRST = new Set(['$changeStream', '$collStats', '$indexStats', '$geoNear', '$planCacheStats', '$documents'])
const LAST = new Set(['$out', '$merge'])
const OF_EXPRESSIONS = new Set(['$addFields', '$set', '$replaceRoot', '$replaceWith', '$redact', '$sortByCount'])
const ACCUMULATORS = new Set(
  `$addToSet $avg $bottom $bottomN $count $first $firstN $last $lastN $max $maxN $mergeObjects $min $minN $push $stdDevPop
  $stdDevSamp $sum $top $topN`.split(/\s+/),
)

/** Checks the pipeline of an aggregate against its rules. */
export function checkPipeline(pipeline: unknown, report: Report): void {
  const stages = listOf(pipeline)
  if (!Array.isArray(pipeline)) report('pipeline-stage', `not an array: ${shown(pipeline)}`)
  for (const [place, stage] of stages.entries()) {
    const [[name = '', value] = [], ...others] = fieldsOf(stage)
    const misplaced = (FIRST.has(name) && place > 0) || (LAST.has(name) && place < stages.length - 1)
    if (!STAGES.has(name) || others.length > 0 || misplaced) report('pipeline-stage', shown(stage))
    checkStage(name, value, report)
  }
}

function checkStage(name: string, value: unknown, report: Report): void {
  if (name === '$match') checkFilter(value, 'query', report)
  else if (name === '$group') checkGroup(value, report)
  else if (name === '$project') checkProjection(value, report)
  else if (name === '$sort') checkOrder(value, report)
  else if (OF_EXPRESSIONS.has(name)) checkExpression(value, report)
}

function checkGroup(value: unknown, report: Report): void {
  if (!isDoc(value) || !('_id' in value)) report('pipeline-group', shown(value))
  for (const [field, each] of fieldsOf(value)) {
    if (field === '_id') checkExpression(each, report)
    else {
      const [[name = '', argument] = [], ...others] = fieldsOf(each)
      if (!ACCUMULATORS.has(name) || others.length > 0) report('pipeline-group', `${field}: ${shown(each)}`)
      checkExpression(argument, report)
    }
  }
}

/** Checks the sort order of a find, a findAndModify or a $sort against its rules. */
export function checkOrder(order: unknown, report: Report): void {
  for (const [field, direction] of fieldsOf(order)) {
    const fits = isDoc(direction) ? '$meta' in direction : Math.abs(Number(direction)) === 1
    if (!fits) report('sort-order', `${field}: ${shown(direction)}`)
  }
}

/** Checks the projection of a find, a findAndModify or a $project against its rules. */
export function checkProjection(projection: unknown, report: Report): void {
  const fields = fieldsOf(projection).filter(([field]) => field !== '_id')
  const plain = fields.filter(([, value]) => isNumber(value) || typeof value === 'boolean')
  if (new Set(plain.map(([, value]) => Boolean(Number(value)))).size > 1) report('projection-mixed', shown(projection))
  for (const [, value] of fields) {
    const [first = ''] = isDoc(value) ? Object.keys(value) : []
    const ofFind = first === '$elemMatch' || (first === '$slice' && isDoc(value) && isNumber(value.$slice))
    if (!ofFind && (isOperator(first) || typeof value === 'string')) checkExpression(value, report)
  }
}
