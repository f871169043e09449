import { formatMs } from './report/units.ts';

/** Who is told how a run goes. */
export interface Watch {
  begin(scenario: string, seconds: number): void;
  phase(variant: string, phase: string, seconds: number): void;
  readonly tick: (tick: { readonly perSecond: number; readonly p99: number | null }) => void;
  say(text: string): void;
  end(): void;
}

interface Screen {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** Says scenario, phase, elapsed and remaining time, rate and p99: over one line on a terminal, else a line a phase. */
export class Progress implements Watch {
  readonly #out: Screen;
  readonly #startedAt = performance.now();
  /** Seconds of phases still to come, those of the scenarios behind this one included. */
  #remainingS: number;
  #scenario = '';
  #what = '';
  #phaseEndsAt = 0;

  /** @param seconds what the phases of all chosen scenarios take */
  constructor(out: Screen, seconds: number) {
    this.#out = out;
    this.#remainingS = seconds;
  }

  begin(scenario: string): void {
    this.#scenario = scenario;
  }

  phase(variant: string, phase: string, seconds: number): void {
    this.#remainingS -= seconds;
    this.#phaseEndsAt = performance.now() + seconds * 1000;
    this.#what = `${this.#scenario} · ${variant} · ${phase}`;
    if (this.#out.isTTY === true) this.#show('');
    else if (seconds > 0) this.#out.write(`load: ${this.#what} (${this.#times()})\n`);
  }

  readonly tick = ({ perSecond, p99 }: { readonly perSecond: number; readonly p99: number | null }) => {
    if (this.#out.isTTY === true) this.#show(` · ${Math.round(perSecond)}/s · p99 ${formatMs(p99)}`);
  };

  say(text: string): void {
    this.end();
    this.#out.write(`load: ${text}\n`);
  }

  end(): void {
    if (this.#out.isTTY === true) this.#out.write('\r\u001b[K');
  }

  #show(figures: string): void {
    const text = `${this.#what} · ${this.#times()}${figures}`;
    this.#out.write(`\r\u001b[K${text.slice(0, (this.#out.columns ?? 80) - 1)}`);
  }

  #times(): string {
    const elapsed = (performance.now() - this.#startedAt) / 1000;
    const ofPhase = Math.max(0, this.#phaseEndsAt - performance.now()) / 1000;
    return `${clock(elapsed)} in, ${clock(this.#remainingS + ofPhase)} to go`;
  }
}

function clock(seconds: number): string {
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}
