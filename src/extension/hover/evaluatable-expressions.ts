import * as vscode from 'vscode';
import { assemblyExpressionAt } from './assembly-expression';

/** Language ids that are assembly for the hover: our own, and those of widespread extensions. */
export const ASSEMBLY_LANGUAGES = [
  'gas-i386',
  'nasm-i386',
  'asm',
  'nasm',
  'gas',
  'masm',
  'x86asm',
  'x86_64-assembly',
  'asm-intel-x86-generic',
  'asm-collection',
];

/** Tells VS Code what to evaluate when the mouse rests on assembly: `eax`, `[ebx+4]`, a symbol. */
export class AssemblyExpressionProvider implements vscode.EvaluatableExpressionProvider {
  provideEvaluatableExpression(
    document: vscode.TextDocument,
    position: vscode.Position,
  ): vscode.EvaluatableExpression | undefined {
    const found = assemblyExpressionAt(document.lineAt(position).text, position.character);
    if (!found) return undefined;
    const range = new vscode.Range(position.line, found.start, position.line, found.end);
    return new vscode.EvaluatableExpression(range, found.expression);
  }
}
