import { installError } from './install-error.js'

/** A list of strings as the value of an attribute. */
const TEXTS = `
      if (IsArray(env, nstatus, &js_value)) {
        uint32_t length;
        nstatus = napi_get_array_length(env, js_value, &length);
        ENSURE_NAPI_OK(env, nstatus);
        std::vector<std::string> texts(length);
        std::vector<const void *> starts(length);
        std::vector<size_t> lengths(length);
        for (uint32_t i = 0; i < length; ++i) {
          napi_value element;
          nstatus = napi_get_element(env, js_value, i, &element);
          ENSURE_NAPI_OK(env, nstatus);
          nstatus = GetStringParam(env, element, texts[i]);
          ENSURE_NAPI_OK(env, nstatus);
          starts[i] = texts[i].data();
          lengths[i] = texts[i].size();
        }
        TFE_OpSetAttrStringList(tfe_op, attr_name, starts.data(), lengths.data(), static_cast<int>(length));
        break;
      }
`

/** A list of types as the value of an attribute. */
const TYPES = `
      if (IsArray(env, nstatus, &js_value)) {
        uint32_t length;
        nstatus = napi_get_array_length(env, js_value, &length);
        ENSURE_NAPI_OK(env, nstatus);
        std::vector<TF_DataType> types(length);
        for (uint32_t i = 0; i < length; ++i) {
          napi_value element;
          nstatus = napi_get_element(env, js_value, i, &element);
          ENSURE_NAPI_OK(env, nstatus);
          int32_t type;
          nstatus = napi_get_value_int32(env, element, &type);
          ENSURE_NAPI_OK(env, nstatus);
          types[i] = static_cast<TF_DataType>(type);
        }
        TFE_OpSetAttrTypeList(tfe_op, attr_name, types.data(), static_cast<int>(length));
        break;
      }
`

/** Options of a session (ConfigProto), beside the graph in its folder. */
const CONFIG = `
  std::ifstream config_file(export_dir_string + "/session_config.pb", std::ios::binary);
  if (config_file) {
    std::string config((std::istreambuf_iterator<char>(config_file)), std::istreambuf_iterator<char>());
    TF_AutoStatus config_status;
    TF_SetConfig(session_options, config.data(), config.size(), config_status.status);
    ENSURE_TF_OK_RETVAL(env, config_status, nullptr);
  }
`

/** tfjs_backend.cc that takes lists of strings and of types: TensorFlow's fused operations list what they fuse. And graphs with options. */
export function patchBackend(source: string): string {
  const withFiles = insert(source, '#include "tfjs_backend.h"\n', '#include <fstream>\n#include <iterator>\n')
  const withConfig = insert(withFiles, '  const char *export_dir = export_dir_string.c_str();\n', CONFIG)
  const withTexts = insert(withConfig, '    case TF_ATTR_STRING: {\n', TEXTS)
  return insert(withTexts, '    case TF_ATTR_TYPE: {\n', TYPES)
}

/** tfjs_binding.cc that says so. */
export function patchExports(source: string): string {
  const properties = ['audiotagListAttributes', 'audiotagSessionConfig'].map((name) => `  AssignIntProperty(env, exports, "${name}", 1);\n`)
  return insert(source, '  EXPORT_INT_PROPERTY(TF_ATTR_SHAPE);\n', properties.join(''))
}

/** Inserts after a text that must occur once. */
function insert(source: string, after: string, text: string): string {
  const parts = source.split(after)
  if (parts.length !== 2)
    throw installError(`the sources of @tensorflow/tfjs-node are not those of 4.22.0: '${after.trim()}' occurs ${parts.length - 1} times.`)
  return parts.join(after + text)
}
