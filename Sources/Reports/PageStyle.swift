/// How pages look.
enum PageStyle {
  /// Colours follow the reader's choice; on paper they are those of the day. Every text stands out from what lies behind
  /// it at least 4.5 : 1 (WCAG 2.2).
  static let text = """
    :root {
      color-scheme: light dark;
      --paper: #ffffff; --ink: #1f2328; --muted: #59636e; --line: #d1d9e0; --code: #f6f8fa; --accent: #0550ae;
      --keyword: #7a3cc9; --literal: #0550ae; --string: #0a5a36; --call: #8a3b00;
      --problem: #a40e26; --problem-paper: #fff1f1; --question: #eef5ff;
    }
    @media screen and (prefers-color-scheme: dark) {
      :root {
        --paper: #14171a; --ink: #e6e8ea; --muted: #a4acb4; --line: #3d444d; --code: #1d2126; --accent: #79b8ff;
        --keyword: #d2a8ff; --literal: #79c0ff; --string: #7ee0a6; --call: #ffb27a;
        --problem: #ff9a9a; --problem-paper: #2c1517; --question: #16202d;
      }
    }
    * { box-sizing: border-box; }
    html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
    body {
      margin: 0; background: var(--paper); color: var(--ink);
      font: 1rem/1.6 system-ui, -apple-system, "Segoe UI", "Noto Sans", "DejaVu Sans", Helvetica, Arial, sans-serif;
    }
    main { max-width: 72rem; margin: 0 auto; padding: 1.5rem clamp(1rem, 4vw, 3rem) 4rem; }
    main > *, footer > * { max-width: 50rem; }
    h1, h2, h3, h4 { line-height: 1.25; margin: 2.2em 0 0.6em; text-wrap: balance; overflow-wrap: break-word; }
    h1 { font-size: clamp(1.5rem, 1.2rem + 1.6vw, 2.2rem); margin-top: 0.5em; }
    h2 { font-size: 1.35rem; border-bottom: 1px solid var(--line); padding-bottom: 0.3rem; }
    h3 { font-size: 1.1rem; }
    p, li, dd { overflow-wrap: break-word; }
    a { color: var(--accent); }
    :focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
    .summary { color: var(--muted); margin-top: 0; }
    .warning { border-left: 4px solid var(--problem); background: var(--problem-paper); padding: 0.6rem 0.9rem; }
    .warning a { color: var(--problem); font-weight: 600; }
    nav { border: 1px solid var(--line); border-radius: 6px; padding: 0.7rem 1rem; margin: 1.5rem 0; }
    nav ul { margin: 0; padding: 0; list-style: none; columns: 20rem; column-gap: 2rem; }
    nav li { break-inside: avoid; }
    pre, code, samp {
      font-family: ui-monospace, "SF Mono", "Cascadia Mono", "DejaVu Sans Mono", Menlo, Consolas, monospace;
    }
    code { font-size: 0.9em; }
    .prose :not(pre) > code, .question :not(pre) > code {
      background: var(--code); border-radius: 4px; padding: 0.1em 0.3em; overflow-wrap: anywhere;
    }
    pre {
      margin: 0.8rem 0; padding: 0.7rem 0.9rem; overflow-x: auto; border-radius: 6px; background: var(--code);
      font-size: 0.84rem; line-height: 1.5; tab-size: 4;
    }
    pre code, pre samp { font-size: inherit; }
    .code { border: 1px solid var(--line); }
    .not-run { border-style: dashed; background: none; }
    .printed, .value { background: none; border-left: 3px solid var(--line); border-radius: 0; padding-block: 0.1rem; }
    .value { border-left-color: var(--accent); }
    .problem {
      background: var(--problem-paper); color: var(--problem); border-left: 4px solid var(--problem); border-radius: 0;
    }
    .time { color: var(--muted); font-size: 0.8rem; text-align: right; margin: -0.6rem 0 0.6rem; }
    .keyword { color: var(--keyword); } .literal { color: var(--literal); } .string { color: var(--string); }
    .call { color: var(--call); } .comment { color: var(--muted); font-style: italic; }
    .scroll { overflow-x: auto; }
    .result { border-left: 3px solid var(--accent); padding-left: 0.9rem; margin: 0.8rem 0; }
    table { border-collapse: collapse; font-size: 0.88rem; font-variant-numeric: tabular-nums; margin: 0.3rem 0; }
    caption { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
    caption.shown {
      position: static; width: auto; height: auto; clip-path: none; text-align: left; color: var(--muted);
      padding-bottom: 0.4rem;
    }
    th, td { padding: 0.25rem 0.8rem 0.25rem 0; text-align: left; vertical-align: top; white-space: nowrap; }
    th { border-bottom: 2px solid var(--line); }
    td { border-bottom: 1px solid var(--line); }
    th.number, td.number, [align="right"] { text-align: right; padding: 0.25rem 0 0.25rem 1.2rem; }
    .number + :not(.number) { padding-left: 1.2rem; }
    .omission { color: var(--muted); text-align: center; }
    .prose td, .prose th { white-space: normal; }
    .notes { margin: 0.4rem 0 0; color: var(--muted); font-size: 0.88rem; }
    .notes div, .facts div { display: grid; grid-template-columns: minmax(6rem, 9rem) minmax(0, 1fr); gap: 0 1rem; }
    .facts div { padding: 0.35rem 0; border-bottom: 1px solid var(--line); }
    dt { font-weight: 600; }
    dd { margin: 0; grid-column: 2; overflow-wrap: anywhere; }
    .origins td:nth-child(3) { white-space: normal; min-width: 16rem; max-width: 30rem; overflow-wrap: anywhere; }
    figure { margin: 1rem 0; max-width: none; }
    .prose img { max-width: 100%; height: auto; }
    .tvs-plot { display: block; max-width: 100%; height: auto; }
    .wide { display: none; }
    @media (min-width: 44rem) { .small > .wide { display: block; } .small > .narrow { display: none; } }
    @media (min-width: 54rem) { .medium > .wide { display: block; } .medium > .narrow { display: none; } }
    @media (min-width: 68rem) { .large > .wide { display: block; } .large > .narrow { display: none; } }
    .question { background: var(--question); border-radius: 6px; padding: 0.2rem 1rem; margin: 1rem 0; }
    .question :not(pre) > code { background: none; padding: 0; }
    details { padding-bottom: 0.7rem; }
    summary { cursor: pointer; font-weight: 600; padding: 0.3rem 0; }
    blockquote { margin: 1rem 0; padding-left: 1rem; border-left: 3px solid var(--line); color: var(--muted); }
    footer { margin-top: 3rem; }
    footer { max-width: none !important; }
    @media (max-width: 30rem) {
      pre { font-size: 0.78rem; }
      .code, .problem, .lines { white-space: pre-wrap; overflow-wrap: anywhere; }
      .notes div, .facts div { grid-template-columns: minmax(0, 1fr); }
      dd { grid-column: 1; }
    }
    @media print {
      :root { color-scheme: light; }
      @page { margin: 16mm; }
      body { font-size: 10pt; }
      main { max-width: none; padding: 0; }
      nav { display: none; }
      pre { white-space: pre-wrap; overflow-wrap: anywhere; break-inside: auto; font-size: 8.5pt; }
      .scroll { overflow: visible; }
      table { font-size: 8.5pt; }
      th, td { white-space: normal; }
      figure, tr, .warning, .problem, .question { break-inside: avoid; }
      .question { border: 1px solid var(--line); }
      h2, h3 { break-after: avoid; }
      .wide { display: block !important; } .narrow { display: none !important; }
      details::details-content { content-visibility: visible; block-size: auto; }
      a { color: inherit; }
    }
    """
}
