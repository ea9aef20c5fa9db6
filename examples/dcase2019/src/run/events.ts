/** What the program tells while it works; progress bars, JSON lines and `events.jsonl` all come from these. */
export type ProgramEvent =
  | {
      readonly type: 'stage'
      readonly stage: string
      readonly state: 'started' | 'done' | 'already done'
      readonly seconds?: number
      readonly note?: string
    }
  | {
      readonly type: 'progress'
      readonly stage: string
      readonly part?: number
      readonly done: number
      readonly total: number
      readonly unit: string
    }
  | JobEvent
  | { readonly type: 'warning'; readonly message: string }

/** Events of one training job (a model on a fold). */
export type JobEvent =
  | {
      readonly type: 'epoch'
      readonly model: string
      readonly fold: number
      readonly epoch: number
      readonly epochs: number
      readonly step: number
      readonly learningRate: number
      /** Mean loss of each stream over the epoch, unweighted, and the weighted total. */
      readonly losses: Readonly<Record<string, number>>
      readonly clipsPerSecond: number
    }
  | {
      readonly type: 'validation'
      readonly model: string
      readonly fold: number
      readonly epoch: number
      readonly step: number
      readonly lwlrap: number
    }
  | {
      readonly type: 'snapshot'
      readonly model: string
      readonly fold: number
      readonly cycle: number
      readonly step: number
      readonly file: string
    }

export type Report = (event: ProgramEvent) => void
