"""How table columns become input bits, and output bits become predictions."""

from tetrakis.encoding._bits import encoding_bits as encoding_bits
from tetrakis.encoding._bits import is_boolean as is_boolean
from tetrakis.encoding._columns import BoxColumn as BoxColumn
from tetrakis.encoding._columns import CategoryColumn as CategoryColumn
from tetrakis.encoding._columns import InputColumn as InputColumn
from tetrakis.encoding._columns import LevelsColumn as LevelsColumn
from tetrakis.encoding._encoding import Encoding as Encoding
from tetrakis.encoding._encoding import Word as Word
from tetrakis.encoding._fit import fit_encoding as fit_encoding
from tetrakis.encoding._fit import quantile_levels as quantile_levels
from tetrakis.encoding._json import encoding_from_json as encoding_from_json
from tetrakis.encoding._json import encoding_to_json as encoding_to_json
from tetrakis.encoding._json import read_encoding as read_encoding
from tetrakis.encoding._json import write_encoding as write_encoding
from tetrakis.encoding._output import Decision as Decision
from tetrakis.encoding._output import Output as Output
