/**
 * From what a model answered to one vector a text. {@link Pooling} makes a window's vector of its
 * tokens' ones, a {@link TextVector} joins the windows, and each {@link DenseLayer} behind the
 * pooling maps the result. Knows nothing of requests.
 */
@NullMarked
package io.onnxfleet.engine.text.pooling;

import org.jspecify.annotations.NullMarked;
