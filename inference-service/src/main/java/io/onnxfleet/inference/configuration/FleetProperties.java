package io.onnxfleet.inference.configuration;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * What gateway and replicas of one fleet agree on.
 *
 * @param defaultModel the model of an embeddings request that names none
 */
@ConfigurationProperties("fleet")
public record FleetProperties(@DefaultValue("all-minilm-l6-v2") String defaultModel) {}
