"""The report of a fit: a page of Markdown and two pictures."""

from tetrakis.report._base_graph import base_graph_figure as base_graph_figure
from tetrakis.report._base_graph import lift_figure as lift_figure
from tetrakis.report._curve import curve_figure as curve_figure
from tetrakis.report._diagram import Diagram as Diagram
from tetrakis.report._diagram import diagram as diagram
from tetrakis.report._function import function_figure as function_figure
from tetrakis.report._function import function_report as function_report
from tetrakis.report._levels import levels_figure as levels_figure
from tetrakis.report._margins import margins_figure as margins_figure
from tetrakis.report._network import network_figure as network_figure
from tetrakis.report._origin import Origin as Origin
from tetrakis.report._origin import origin as origin
from tetrakis.report._path import path_figure as path_figure
from tetrakis.report._save import save_figure as save_figure
from tetrakis.report._simplification import simplification_figure as simplification_figure
from tetrakis.report._success import success_figure as success_figure
from tetrakis.report._text import REPORT_END as REPORT_END
from tetrakis.report._text import report_text as report_text
from tetrakis.report._text import shown_points as shown_points
from tetrakis.report._write import write_report as write_report
