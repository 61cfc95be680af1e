import type { Span } from './screen.ts';

// Sizes in pixels.
const fontSize = 14;
const characterWidth = 8.43;
const lineHeight = 20;
const padding = 16;

const colors: Readonly<Record<number, string>> = {
  31: '#ff7b72',
  32: '#7ee787',
  33: '#e3b341',
  34: '#79c0ff',
  36: '#56d4dd',
};

/** Draws the lines of a terminal of that many columns. `title` is for readers that cannot show the picture. */
export function svgOf(lines: readonly Span[][], columns: number, title: string): string {
  const width = Math.ceil(columns * characterWidth + 2 * padding);
  const height = lines.length * lineHeight + 2 * padding;
  const texts = lines.map((spans, index) => {
    const y = padding + (index + 0.75) * lineHeight;
    return `<text x="${padding}" y="${y}" xml:space="preserve">${spans.map(spanOf).join('')}</text>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="100%" height="100%" rx="8" fill="#0d1117"/>`,
    `<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="${fontSize}" fill="#e6edf3">`,
    ...texts,
    '</g>',
    '</svg>',
    '',
  ].join('\n');
}

function spanOf({ text, style }: Span): string {
  const color = style.map((code) => colors[code]).findLast(Boolean);
  const attributes = [
    ...(color === undefined ? [] : [`fill="${color}"`]),
    ...(style.includes(1) ? ['font-weight="bold"'] : []),
    ...(style.includes(2) ? ['opacity="0.6"'] : []),
  ];
  if (attributes.length === 0) return escaped(text);
  return `<tspan ${attributes.join(' ')}>${escaped(text)}</tspan>`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
