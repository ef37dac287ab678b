package io.onnxfleet.inference.protocol.openai.task;

import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.tags.Tag;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.springframework.core.annotation.AliasFor;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestMethod;

/**
 * A controller's method for a text task, and how the OpenAPI document describes the task. {@link
 * DirectTasks} serves tasks before they come to Spring MVC, unless a team has added something to
 * that; the method then has it serve them.
 */
@Target(ElementType.METHOD)
@Retention(RetentionPolicy.RUNTIME)
@Operation
@RequestMapping(method = RequestMethod.POST)
@Tag(name = "Text", description = "Rerank, classify, compare and tokenize")
public @interface TextOperation {
  /** One of {@link io.onnxfleet.contract.api.ApiPaths}. */
  @AliasFor(annotation = RequestMapping.class, attribute = "path")
  String path();

  /** What the task does, in one line. */
  @AliasFor(annotation = Operation.class, attribute = "summary")
  String summary();

  /** A record of the arguments; {@code @Schema} names it, and those that JSON names otherwise. */
  Class<?> request();

  /** A body, in JSON, that can be sent as it stands. */
  String example();

  /** What is answered, in one line. */
  String answer();

  /** A record of the answer. */
  Class<?> response();
}
