import { parameterCounts } from '@audiotag/models'
import { paperModel } from '../config/paper-models.js'
import type { Config, ModelSettings } from '../config/schema.js'
import type { ReportNetwork } from '../report/report-data.js'

const architectureNames: Record<ModelSettings['architecture'], string> = {
  resnet18: 'ResNet18',
  resnet34: 'ResNet34',
  seresnext50: 'SE-ResNeXt50',
  envnet2: 'EnvNet-v2',
}

const paperClasses = 80

/** Name of a model's architecture, for people. */
export const architectureName = ({ architecture }: ModelSettings): string => architectureNames[architecture]

const headsOf = ({ losses }: ModelSettings): string[] => (losses.noisy ? ['curated', 'noisy'] : ['curated'])

const parametersOf = (settings: ModelSettings, classes: number): number => {
  const { architecture, width, activation } = settings
  return parameterCounts({ architecture, classes, width, activation, heads: headsOf(settings) }).total
}

/** The networks and, beside each, the paper's that it stands for. */
export function reportNetworks({ models, preset }: Config, classes: number): ReportNetwork[] {
  return models.map((settings) => {
    const paper = paperModel(settings.paper, preset)
    return {
      model: settings.name,
      architecture: architectureName(settings),
      paperArchitecture: architectureName(paper),
      width: settings.width,
      parameters: parametersOf(settings, classes),
      paperParameters: parametersOf(paper, paperClasses),
      slice: settings.slice,
      paperSlice: paper.slice,
      sliceUnit: settings.input === 'logmel' ? 'frames' : 'samples',
      heads: headsOf(settings),
    }
  })
}
