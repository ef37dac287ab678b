package io.onnxfleet.engine.runtime;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemoryLayout;

/**
 * The functions of ONNX Runtime's C API in use: their places in its table, which only ever grows at
 * its end, and their signatures.
 */
enum OrtFunction {
  GET_ERROR_CODE(1, Signature.OTHER),
  GET_ERROR_MESSAGE(2, Signature.OTHER),
  RELEASE_STATUS(93, Signature.RELEASE),

  CREATE_ENV(3, Signature.IAA),
  GET_ALLOCATOR_WITH_DEFAULT_OPTIONS(78, Signature.A),
  ALLOCATOR_FREE(76, Signature.AA),
  CREATE_CPU_MEMORY_INFO(69, Signature.IIA),
  CREATE_AND_REGISTER_ALLOCATOR(144, Signature.AAA),
  UNREGISTER_ALLOCATOR(177, Signature.AA),
  CREATE_ARENA_CFG(156, Signature.LIIIA),
  RELEASE_ARENA_CFG(157, Signature.RELEASE),
  GET_AVAILABLE_PROVIDERS(125, Signature.AA),
  RELEASE_AVAILABLE_PROVIDERS(126, Signature.AI),
  REGISTER_EXECUTION_PROVIDER_LIBRARY(301, Signature.AAA),
  GET_EP_DEVICES(303, Signature.AAA),
  EP_DEVICE_NAME(312, Signature.OTHER),

  CREATE_SESSION_OPTIONS(10, Signature.A),
  SET_OPTIMIZED_MODEL_FILE_PATH(11, Signature.AA),
  ENABLE_MEM_PATTERN(16, Signature.A),
  DISABLE_MEM_PATTERN(17, Signature.A),
  ENABLE_CPU_MEM_ARENA(18, Signature.A),
  DISABLE_CPU_MEM_ARENA(19, Signature.A),
  SET_SESSION_EXECUTION_MODE(13, Signature.AI),
  SET_SESSION_LOG_SEVERITY_LEVEL(22, Signature.AI),
  SET_SESSION_GRAPH_OPTIMIZATION_LEVEL(23, Signature.AI),
  SET_INTRA_OP_NUM_THREADS(24, Signature.AI),
  SET_INTER_OP_NUM_THREADS(25, Signature.AI),
  ADD_SESSION_CONFIG_ENTRY(130, Signature.AAA),
  APPEND_EXECUTION_PROVIDER(216, Signature.AAAAL),
  APPEND_EXECUTION_PROVIDER_V2(304, Signature.AAALAAL),
  APPEND_CUDA_V2(204, Signature.AA),
  CREATE_CUDA_OPTIONS(205, Signature.A),
  UPDATE_CUDA_OPTIONS(206, Signature.AAAL),
  GET_CUDA_OPTIONS_AS_STRING(207, Signature.AAA),
  RELEASE_CUDA_OPTIONS(208, Signature.RELEASE),
  APPEND_TENSORRT_V2(170, Signature.AA),
  CREATE_TENSORRT_OPTIONS(171, Signature.A),
  UPDATE_TENSORRT_OPTIONS(172, Signature.AAAL),
  RELEASE_TENSORRT_OPTIONS(174, Signature.RELEASE),
  RELEASE_SESSION_OPTIONS(100, Signature.RELEASE),

  CREATE_SESSION(7, Signature.AAAA),
  RELEASE_SESSION(95, Signature.RELEASE),
  CREATE_ALLOCATOR(131, Signature.AAA),
  RELEASE_ALLOCATOR(132, Signature.RELEASE),
  ALLOCATOR_GET_STATS(319, Signature.AA),
  GET_KEY_VALUE(297, Signature.OTHER),
  RELEASE_KEY_VALUE_PAIRS(300, Signature.RELEASE),
  SESSION_GET_INPUT_COUNT(30, Signature.AA),
  SESSION_GET_OUTPUT_COUNT(31, Signature.AA),
  SESSION_GET_OVERRIDABLE_INITIALIZER_COUNT(32, Signature.AA),
  SESSION_GET_INPUT_TYPE_INFO(33, Signature.ALA),
  SESSION_GET_OUTPUT_TYPE_INFO(34, Signature.ALA),
  SESSION_GET_OVERRIDABLE_INITIALIZER_TYPE_INFO(35, Signature.ALA),
  SESSION_GET_INPUT_NAME(36, Signature.ALAA),
  SESSION_GET_OUTPUT_NAME(37, Signature.ALAA),
  SESSION_GET_OVERRIDABLE_INITIALIZER_NAME(38, Signature.ALAA),
  SESSION_GET_MODEL_METADATA(111, Signature.AA),
  METADATA_GET_CUSTOM_KEYS(123, Signature.AAAA),
  METADATA_LOOKUP_CUSTOM(116, Signature.AAAA),
  RELEASE_MODEL_METADATA(118, Signature.RELEASE),

  SESSION_GET_ASSIGNMENT(407, Signature.AAA),
  ASSIGNED_SUBGRAPH_PROVIDER(408, Signature.AA),
  ASSIGNED_SUBGRAPH_NODES(409, Signature.AAA),
  ASSIGNED_NODE_OPERATOR(412, Signature.AA),

  GET_ONNX_TYPE(56, Signature.AA),
  CAST_TO_TENSOR_INFO(55, Signature.AA),
  CAST_TO_MAP_INFO(103, Signature.AA),
  CAST_TO_SEQUENCE_INFO(104, Signature.AA),
  CAST_TO_OPTIONAL_INFO(250, Signature.AA),
  GET_OPTIONAL_CONTAINED_TYPE(251, Signature.AA),
  GET_MAP_KEY_TYPE(105, Signature.AA),
  GET_MAP_VALUE_TYPE(106, Signature.AA),
  GET_SEQUENCE_ELEMENT_TYPE(107, Signature.AA),
  GET_TENSOR_ELEMENT_TYPE(60, Signature.AA),
  GET_DIMENSIONS_COUNT(61, Signature.AA),
  GET_DIMENSIONS(62, Signature.AAL),
  GET_SYMBOLIC_DIMENSIONS(63, Signature.AAL),
  HAS_SHAPE(390, Signature.OTHER),
  RELEASE_TYPE_INFO(98, Signature.RELEASE),

  CREATE_TENSOR(48, Signature.AALIA),
  CREATE_TENSOR_WITH_DATA(49, Signature.AALALIA),
  CREATE_VALUE(82, Signature.ALIA),
  GET_RESIZED_STRING_BUFFER(252, Signature.ALLA),
  GET_TENSOR_MUTABLE_DATA(51, Signature.AA),
  GET_STRING_TENSOR_DATA_LENGTH(53, Signature.AA),
  GET_STRING_TENSOR_CONTENT(54, Signature.AALAL),
  GET_TENSOR_TYPE_AND_SHAPE(65, Signature.AA),
  RELEASE_TENSOR_TYPE_AND_SHAPE_INFO(99, Signature.RELEASE),
  GET_VALUE_TYPE(67, Signature.AA),
  HAS_VALUE(192, Signature.AA),
  GET_VALUE(80, Signature.AIAA),
  GET_VALUE_COUNT(81, Signature.AA),
  RELEASE_VALUE(96, Signature.RELEASE),

  CREATE_RUN_OPTIONS(39, Signature.A),
  ADD_RUN_CONFIG_ENTRY(165, Signature.AAA),
  SET_TERMINATE(46, Signature.A),
  UNSET_TERMINATE(47, Signature.A),
  RELEASE_RUN_OPTIONS(97, Signature.RELEASE),
  RUN(9, Signature.AAAALALA);

  private final int index;
  private final Signature signature;

  OrtFunction(int index, Signature signature) {
    this.index = index;
    this.signature = signature;
  }

  /** Its place in the table. */
  int index() {
    return index;
  }

  Signature signature() {
    return signature;
  }

  /**
   * Parameters, one letter each: A an address, L a {@code size_t} or {@code int64_t}, I an {@code
   * int}. All but {@link #RELEASE} and {@link #OTHER} return a status.
   */
  enum Signature {
    A,
    AA,
    AI,
    AAA,
    AAL,
    ALA,
    ALAA,
    AIAA,
    ALIA,
    ALLA,
    AAAL,
    AAAA,
    IIA,
    IAA,
    LIIIA,
    AALIA,
    AALAL,
    AAAAL,
    AALALIA,
    AAALAAL,
    AAAALALA,
    /** Takes an address and returns nothing. */
    RELEASE,
    /** Described where it is called. */
    OTHER;

    FunctionDescriptor descriptor() {
      if (this == RELEASE) {
        return FunctionDescriptor.ofVoid(ADDRESS);
      }
      MemoryLayout[] parameters = new MemoryLayout[name().length()];
      for (int position = 0; position < parameters.length; position++) {
        parameters[position] =
            switch (name().charAt(position)) {
              case 'A' -> ADDRESS;
              case 'L' -> JAVA_LONG;
              case 'I' -> JAVA_INT;
              default -> throw new IllegalStateException(this + " (expected only A, L and I)");
            };
      }
      return FunctionDescriptor.of(ADDRESS, parameters);
    }
  }
}
