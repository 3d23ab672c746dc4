/** Completions for PowerShell, from version 5.1 on, the one of Windows: `daimon completion powershell` in a profile. */

import { COMPLETE } from './answer.js'

/**
 * A word that PowerShell has not finished is given to the scriptblock alone. An empty one is no word of the line, and
 * version 5.1 leaves an empty argument of a program out: it is given as two quotes.
 */
export function powershell(program: string): string {
  return `# PowerShell completion for ${program}
Register-ArgumentCompleter -Native -CommandName '${program}', '${program}.cmd', '${program}.ps1' -ScriptBlock {
  param($word, $ast, $cursor)
  $words = @($ast.CommandElements | Select-Object -Skip 1 |
    Where-Object { $_.Extent.EndOffset -lt $cursor } | ForEach-Object { $_.Extent.Text })
  $flag = ''
  $value = $word
  if ($word -match '^(--[^=]+=)(.*)$') { $flag = $Matches[1]; $value = $Matches[2] }
  $last = if ($word -ne '') { $word } elseif ($PSVersionTable.PSVersion -lt [version]'7.3') { '""' } else { '' }
  foreach ($line in @(& ${program} ${COMPLETE} @words $last 2>$null)) {
    $found, $about = $line -split "\`t", 2
    $all = switch ($found) {
      ':files' { @(Get-ChildItem -Path "$value*" -Name -ErrorAction SilentlyContinue) }
      ':folders' { @(Get-ChildItem -Path "$value*" -Name -Directory -ErrorAction SilentlyContinue) }
      ':names' { @(& ${program} completion names 2>$null) }
      ':users' { @() }
      ':groups' { @() }
      default { @($found) }
    }
    $parent = if ($found -in ':files', ':folders') { ($value -replace '[^\\\\/]*$', '') } else { '' }
    foreach ($one in $all) {
      $text = "$flag$parent$one"
      if (-not $text.StartsWith($word, [StringComparison]::OrdinalIgnoreCase)) { continue }
      $shown = if ($text -match '[\\s\\x27]') { "'$($text -replace "'", "''")'" } else { $text }
      $tip = if ($about) { $about } else { $text }
      [System.Management.Automation.CompletionResult]::new($shown, $text, 'ParameterValue', $tip)
    }
  }
}
`
}
