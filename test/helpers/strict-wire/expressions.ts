import { type Doc, fieldsOf, isDoc, isOperator, listOf, type Report, shown } from './documents.ts'
import { ARITY, NAMED, VARIABLES } from './operators.ts'

const ROOT_VARIABLES: ReadonlySet<string> = VARIABLES

/**
 * Checks an expression of the aggregation language against its rules. `known`: variables that are defined at its place.
 */
export function checkExpression(value: unknown, report: Report, known: ReadonlySet<string> = ROOT_VARIABLES): void {
  if (typeof value === 'string') checkText(value, report, known)
  for (const each of listOf(value)) checkExpression(each, report, known)
  if (!isDoc(value)) return
  const names = Object.keys(value)
  const [operator] = names
  if (operator === undefined || !names.some(isOperator)) {
    for (const field of Object.values(value)) checkExpression(field, report, known)
  } else if (names.length > 1) report('expression-single', shown(value))
  else checkOperator(operator, value[operator], report, known)
}

function checkText(text: string, report: Report, known: ReadonlySet<string>): void {
  if (!isOperator(text)) return
  const isVariable = text.startsWith('$$')
  const [first = '', ...rest] = text.slice(isVariable ? 2 : 1).split('.')
  if (isVariable && !known.has(first)) report('expression-variable', text)
  const path = isVariable ? rest : [first, ...rest]
  if (path.some((part) => part === '' || part.startsWith('$'))) report('expression-path', text)
}

function checkOperator(operator: string, value: unknown, report: Report, known: ReadonlySet<string>): void {
  if (operator === '$literal') return
  const arity = ARITY.get(operator)
  const wanted = NAMED[operator]
  if (operator === '$cond' && Array.isArray(value)) {
    if (value.length !== 3) report('expression-arity', `$cond takes 3 arguments: ${shown(value)}`)
    checkExpression(value, report, known)
  } else if (arity !== undefined) {
    const count = Array.isArray(value) ? value.length : 1
    const [least, most] = typeof arity === 'number' ? [arity, arity] : arity
    if (count < least || count > most) report('expression-arity', `${operator} with ${count}: ${shown(value)}`)
    checkExpression(value, report, known)
  } else if (wanted !== undefined) checkNamed(operator, value, report, known)
  else report('expression-operator', operator)
}

function checkNamed(operator: string, value: unknown, report: Report, known: ReadonlySet<string>): void {
  const { must = [], may = [] } = NAMED[operator] ?? {}
  // {$getField: 'a'} is short for its field of the document.
  if (operator === '$getField' && typeof value === 'string') return
  const names = fieldsOf(value).map(([name]) => name)
  const lacking = must.filter((name) => !names.includes(name))
  const strange = names.filter((name) => !must.includes(name) && !may.includes(name))
  if (!isDoc(value) || lacking.length > 0 || strange.length > 0) {
    report('expression-arity', `${operator} takes ${[...must, ...may].join(', ')}: ${shown(value)}`)
    return
  }
  if (operator === '$switch') checkBranches(value, report, known)
  else checkScoped(operator, value, report, known)
}

function checkBranches(value: Doc, report: Report, known: ReadonlySet<string>): void {
  for (const branch of listOf(value.branches)) {
    const fits = isDoc(branch) && Object.keys(branch).sort().join() === 'case,then'
    if (!fits) report('expression-arity', `a branch of $switch takes case and then: ${shown(branch)}`)
    for (const [, part] of fieldsOf(branch)) checkExpression(part, report, known)
  }
  checkExpression(value.default, report, known)
}

/** Such an operator's variables are known only in some of its arguments. */
function checkScoped(operator: string, value: Doc, report: Report, known: ReadonlySet<string>): void {
  const own = {
    $let: fieldsOf(value.vars).map(([name]) => name),
    $map: [String(value.as ?? 'this')],
    $filter: [String(value.as ?? 'this')],
    $reduce: ['this', 'value'],
  }[operator]
  const inner = own ? new Set([...known, ...own]) : known
  for (const [name, argument] of Object.entries(value)) {
    if (name === 'as') continue
    if (operator === '$let' && name === 'vars') {
      for (const [, variable] of fieldsOf(argument)) checkExpression(variable, report, known)
    } else checkExpression(argument, report, name === 'in' || name === 'cond' ? inner : known)
  }
}
